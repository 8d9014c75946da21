export { christoffel, connectionProduct, loweredChristoffel } from './curvature/christoffel.ts';
export { curvatureAt, curvatureOf, ricciTensor, scalarCurvature, type Curvature } from './curvature/curvature-at.ts';
export {
  penaltyProbe,
  probePoint,
  ricciProbe,
  scalarProbe,
  signsOf,
  type PenaltyOptions,
  type ProbeNormals,
  type ProbePoint,
} from './curvature/curvature-estimates.ts';
export {
  connectionTerm,
  directionalJet,
  directionalRm,
  rmOf,
  sectionalCurvature,
  type DirectionalJet,
} from './curvature/directional-curvature.ts';
export { metricOneJet, metricTwoJet, twoJetOf, type MetricOneJet, type MetricTwoJet } from './curvature/metric-two-jet.ts';
export { raiseRiemann, riemann, riemannInFrame, riemannUvuv, sectionalFrom, type IndexPositions } from './curvature/riemann.ts';
export { DenseMetric, type DenseMetricOptions } from './dense-metric.ts';
export { MetricError } from './errors.ts';
export { factoredDiagonal, factoredMetric, type FactoredFrame, type FactoredPoint } from './factored-metric.ts';
export { addStatistics, factoredStatistics, meanMetric, type FactoredStatistics } from './factored-statistics.ts';
export {
  boundedExponent,
  conformalAcceleration,
  conformalCurvature,
  conformalField,
  conformalRm,
  type ConformalCurvature,
  type FlatConformal,
  type ScalarFunction,
} from './fields/conformal-field.ts';
export {
  flatPolar,
  hyperbolicBall,
  hyperbolicHalfSpace,
  paraboloid,
  productField,
  sphericalSphere,
  stereographicSphere,
  torus,
} from './fields/known-manifolds.ts';
export { MatrixMetric, orthonormalFrame } from './fields/matrix-metric.ts';
export { constantField, metricField, type MetricField } from './fields/metric-field.ts';
export { choleskyField, factoredField, lowRankField, type LowRankFieldOptions } from './fields/network-fields.ts';
export { tanhNetwork, type DenseLayer } from './fields/tanh-network.ts';
export { fisherAnchor, type FisherAnchor } from './fisher-anchor.ts';
export { exponentialMap, geodesic, type GeodesicOptions } from './geodesics/exponential-map.ts';
export {
  geodesicAcceleration,
  hamiltonian,
  hamiltonianRates,
  hamiltonianSystem,
  lagrangianSystem,
  speedOf,
  type GeodesicState,
  type PhaseState,
  type VectorField,
} from './geodesics/geodesic-equations.ts';
export { geodesicDistance, geodesicPath, pointAlong, type GeodesicPath, type GeodesicPathOptions } from './geodesics/geodesic-path.ts';
export { integrate, type IntegrationOptions, type IntegratorName } from './geodesics/integrators.ts';
export { accelerationJet, exponentialJet, type ExponentialJet, type JacobiOptions } from './geodesics/jacobi-fields.ts';
export { logarithmMap, type LogarithmOptions } from './geodesics/logarithm-map.ts';
export {
  closedPolygon,
  holonomy,
  holonomyAngle,
  parallelTransport,
  straightCurve,
  type TransportOptions,
} from './geodesics/parallel-transport.ts';
export { measurePath, pathDerivatives, startingMomentum, type PathDerivatives } from './geodesics/path-energy.ts';
export { gaussRm, immersionAt, immersionScalar, immersionSectional, secondFormOf, type Immersion } from './immersions/immersion.ts';
export { isometryDefect, logVolumeFactor, pullBackField, volumeDistortion, type MappedMetrics } from './immersions/pull-back-field.ts';
export {
  cos,
  diagonalMatrix,
  exp,
  matrixProduct,
  power,
  reciprocal,
  sigmoid,
  sin,
  softplus,
  square,
  squareRoot,
  tanh,
  transposed,
} from './jets/jet-functions.ts';
export { solveSymmetric } from './jets/jet-solve.ts';
export { JetSpace } from './jets/jet-space.ts';
export { Jet, type Derivatives } from './jets/jet.ts';
export { compose, imageOf, jacobian, withJacobian, type SmoothMap } from './jets/smooth-map.ts';
export { LowRankMetric, type LowRankParts } from './low-rank-metric.ts';
export {
  boundedDiagonal,
  boundedFactor,
  defaultMetricBounds,
  requireMetricBounds,
  spectrumWithin,
  type MetricBounds,
} from './metric-bounds.ts';
export { squaredLength, volumeElement, type Metric } from './metric.ts';
export { addMoments, momentsOf, summarizeMoments, type MomentSummary, type Moments } from './moments.ts';
export { gaussBonnet, gaussCurvature, geodesicCurvature, type GaussBonnet, type GaussBonnetOptions } from './regions/gauss-bonnet.ts';
export { discRegion, ellipse, polygonRegion, ringRegion, starRegion, type PlanarRegion } from './regions/planar-region.ts';
export { cyclicRotations, equivarianceDefect, groupAveragedField } from './symmetry/group-average.ts';
export { killingResidual, killingResiduals, lieDerivative, linearFlow } from './symmetry/killing-residual.ts';
