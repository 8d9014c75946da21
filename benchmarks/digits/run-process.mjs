/**
 * A process of the sweep: trains what it is sent, one message at a time, until its channel closes.
 */
import { train } from './task.mjs';

// Without the sweep there is nobody to train for.
process.once('disconnect', () => process.exit());
process.on('message', (asked) => {
  void train(asked).then((result) => process.send(result));
});
