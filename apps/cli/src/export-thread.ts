/**
 * The thread in which a trained model is written back as a tf.LayersModel; see commands/export.ts.
 */
import { workerData } from 'node:worker_threads';
import { answerFromThread } from './ask-thread.ts';
import { exportModel, type ExportRequest } from './export-model.ts';

const request = workerData as ExportRequest;

await answerFromThread(request.specPath, () => exportModel(request));
