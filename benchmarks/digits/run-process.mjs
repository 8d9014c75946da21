/**
 * A process of the sweep: trains what it is sent, one message at a time, until its channel closes.
 */
import { train } from './task.mjs';

process.on('message', (asked) => {
  void train(asked).then((result) => process.send(result));
});
