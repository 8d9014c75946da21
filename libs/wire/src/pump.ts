/**
 * Writes chunks to a stream no faster than the stream takes them: stops when write() says no, goes on at 'drain'. At most
 * the stream's own buffer (16 chunks) is in memory beyond the source.
 */

/** The part of a Node writable stream that the pump needs. */
export interface ChunkSink {
  write(bytes: Buffer): boolean;
  end(): void;
  once(event: 'drain', listener: () => void): unknown;
}

/**
 * Writes every chunk and ends the stream.
 * @param options.onWritten is told of each chunk handed to the stream
 * @param options.stopped ends the pump early: the other side has answered, or the call broke
 */
export function pump(
  sink: ChunkSink,
  chunks: Iterator<Buffer>,
  options: { onWritten?: (bytes: number) => void; stopped: () => boolean },
): void {
  const step = (): void => {
    while (!options.stopped()) {
      const next = chunks.next();
      if (next.done === true) {
        sink.end();
        return;
      }
      const more = sink.write(next.value);
      options.onWritten?.(next.value.length);
      if (!more) {
        sink.once('drain', step);
        return;
      }
    }
  };
  step();
}
