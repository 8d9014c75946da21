/**
 * TensorFlow.js as users' models expect it: a backend that computes, ops in chained form, and no advertisement.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { attachChainedOps } from './chained-ops.ts';

/** A backend that computes: models make their first weights, and constants, before anything is traced. */
export async function readyTfjs(): Promise<void> {
  attachChainedOps();
  if (tf.getBackend() !== 'cpu') await tf.setBackend('cpu');
  // At its first use the backend advertises tfjs-node, which would not be used: programs run elsewhere.
  Object.assign(tf.backend(), { firstUse: false });
}
