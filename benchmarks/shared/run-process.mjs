/**
 * A process of a sweep: trains what it is sent, one message at a time, until its channel closes. Its argument is the URL of the task's module,
 * which exports `train(asked)`.
 */
const task = import(process.argv[2]);

// Without the sweep there is nobody to train for.
process.once('disconnect', () => process.exit());
process.on('message', (asked) => {
  void task.then(({ train }) => train(asked)).then((result) => process.send(result));
});
