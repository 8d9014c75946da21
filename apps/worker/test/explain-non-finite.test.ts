import type { Contribution } from '@geodesic/cluster';
import { Expressions, GraphBuilder, referenceExecutor, type NamedTensors, type PhaseProgram } from '@geodesic/engine';
import { buildPrograms, classificationTask, layeredModel, sequential, type Layer, type Model } from '@geodesic/nn';
import { makeLayout, type Layout, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { areFinite, explainNonFinite, requireFiniteSums, type SumsOrigin } from '../src/explain-non-finite.ts';
import { ProgramFailure } from '../src/program-failure.ts';
