/**
 * The benchmarks by id: what each measures, and where it lives. A benchmark's module exports `run({profile, python, data})`.
 */
export const catalogue = {
  B1: {
    title:
      'autoencoder of curves: steps, passes, seconds and bytes to two errors, K-FAC against SOAP, Muon, Shampoo, Adam, SGD and PyTorch',
    load: () => import('./curves/index.mjs'),
  },
  B2: {
    title: 'Poisson-2D PINN in float64: steps to relative L2 errors, Levenberg-Marquardt along curved paths against ENGD and Adam',
    load: () => import('./poisson-pinn/index.mjs'),
  },
  B3: {
    title:
      'MNIST autoencoder: updates, passes and seconds to a training error, K-FAC by the quadratic model against SGD momentum, SOAP, Adam',
    load: () => import('./mnist-autoencoder/index.mjs'),
  },
  B4: {
    title: 'small CNN on Fashion-MNIST: steps to 88 % test accuracy and seconds an epoch, K-FAC and EK-FAC against SOAP, Muon, Adam',
    load: () => import('./fashion/index.mjs'),
  },
  B5: {
    title: 'ill-conditioned regression, cond(F) = 1e8: one natural step, CG within the rank, gradient descent at O(cond)',
    load: () => import('./ill-conditioned/index.mjs'),
  },
  S1: { title: 'training step on one core, samples/s, in turn with PyTorch', load: () => import('./training-step/index.mjs') },
  S2: {
    title: 'cost of natural gradient: ms of a K-FAC step, in turn with plain SGD of the same engine',
    load: () => import('./natural-gradient-cost/index.mjs'),
  },
  S6: {
    title: 'recovery: ms lost to a SIGKILL of a worker, and of the coordinator just before a checkpoint, journal on and off',
    load: () => import('./recovery/index.mjs'),
  },
  S7: {
    title: 'cost of fault tolerance without faults: ms of a step, in turn with the same run without log, journal, leases and digests',
    load: () => import('./fault-tolerance-cost/index.mjs'),
  },
  S10: {
    title: 'inverse, Cholesky, QR and eigenvectors of matrices, ms, in turn with LAPACK',
    load: () => import('./linear-algebra/index.mjs'),
  },
  S11: { title: 'cost of slotting: a batch in 8 and 16 slots, ms, in turn with one slot', load: () => import('./slotting/index.mjs') },
  broadcast: {
    title: 'broadcast of a 100 MB checkpoint to three subscribers over NATS, s, in turn with the object store of the client library',
    load: () => import('./checkpoint-broadcast/index.mjs'),
  },
  spiral: {
    title: 'steps to a training loss on a spiral, plain and ill-scaled: K-FAC against SOAP, Adam, SGD',
    load: () => import('./spiral/index.mjs'),
  },
  digits: {
    title: 'steps and seconds to 0.97 validation accuracy: metric K-FAC, K-FAC, Adam, SGD',
    load: () => import('./digits/index.mjs'),
  },
};
