export { LayoutError, ShapeError } from './errors.ts';
export { entryOf, makeLayout, viewOf, type Layout, type LayoutEntry } from './layout.ts';
export { broadcastShapes, sameShape, sizeOf, stridesOf, type Shape } from './shape.ts';
export { allocate, type DType, type NumericArray, type TensorData } from './tensor-data.ts';
