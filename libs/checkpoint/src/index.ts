export {
  type Checkpoint,
  type CheckpointContent,
  type CheckpointFile,
  copyCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from './checkpoint.ts';
export { CheckpointObjects } from './checkpoint-objects.ts';
export { CheckpointStore, type CheckpointStoreOptions, type GoodCheckpoint } from './checkpoint-store.ts';
export { contentDigest } from './content-digest.ts';
export { type Disk, localDisk } from './disk.ts';
export { CheckpointError, type CheckpointFault } from './errors.ts';
export { CHUNK_BYTES } from './file-chunks.ts';
export { chunkDigests, decodeManifest, manifestDigest, type CheckpointManifest, type ManifestFile } from './manifest.ts';
export { paramsDigest, paramsDigestInTurns } from './params-digest.ts';
export { decodeSafetensors, type SafetensorsFile } from './read-safetensors.ts';
export { receiveCheckpoint, type ReceivedCheckpoint, type ReceivedObject, type ReceiveOptions } from './receive-checkpoint.ts';
export { type RetentionPolicy } from './retention.ts';
export { float32Tensor, float64Tensor, type StoredArray, type StoredDType, type StoredTensor } from './stored-tensor.ts';
export { encodeSafetensors, type Metadata } from './write-safetensors.ts';
export { makeFolder } from './make-folder.ts';
export { syncFolder, writeDurably } from './durable-file.ts';
