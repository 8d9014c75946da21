export { type Checkpoint, type CheckpointFile, type CheckpointManifest, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
export { CheckpointError, type CheckpointFault } from './errors.ts';
export { paramsDigest } from './params-digest.ts';
export { decodeSafetensors, type SafetensorsFile } from './read-safetensors.ts';
export { float32Tensor, float64Tensor, type StoredArray, type StoredDType, type StoredTensor } from './stored-tensor.ts';
export { encodeSafetensors, type Metadata } from './write-safetensors.ts';
export { makeFolder } from './make-folder.ts';
export { syncFolder, writeDurably } from './durable-file.ts';
