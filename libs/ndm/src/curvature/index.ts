export { curvaturePenalty, curvatureRandom, probedRm, scalarReadout, type CurvatureProbe } from './curvature-penalty.ts';
export { directionalRm, generalRm } from './directional-curvature.ts';
export { isometryDefect, type MappedVector } from './isometry-defect.ts';
export { constantJet, pointJet, type JetChannel, type TwoJet } from './two-jet.ts';
export {
  absoluteVolume,
  varianceGradient,
  varianceObjectives,
  volumeDistortion,
  volumeMoments,
  volumeVariance,
  type VolumeMoments,
} from './volume-terms.ts';
