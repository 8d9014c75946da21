import { LapackUnavailableError, openLapack, probeLapack } from '@geodesic/linalg/lapack';
import { describe, expect, it, vi } from 'vitest';
import { openLinalg } from '../src/open-linalg.ts';
