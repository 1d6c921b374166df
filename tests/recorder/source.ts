/** Sources of the recorder as tests write tapes with them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { RecordedSource } from '../../src/recorder/source.ts';
import { SegmentFile } from '../../src/tape/segment.ts';

type TapeName = 'inbox' | 'market';

/** A source of the recorder that writes small tapes, and the thread's end of its port. */
export function openSource(name: TapeName, directory: string): { port: MessagePort; source: RecordedSource } {
  const { port1, port2 } = new MessageChannel();
  const source = new RecordedSource({
    name: name === 'market' ? 'market' : 'consumer A',
    begin: (number) =>
      new SegmentFile(join(directory, `${name}-${String(number).padStart(6, '0')}.tape`), {
        kind: name,
        feed: 'test',
        createdAt: '2026-11-20T14:30:00.000000Z',
        source: 'a test',
      }),
    segmentBytesMax: 4_096,
    onClosed: () => {},
    onLost: () => {},
    onFailure: (error) => {
      throw error;
    },
  });
  source.attach(port2);
  return { port: port1, source };
}

/** In the order in which they were written. */
export function tapesIn(directory: string, name: TapeName): string[] {
  return readdirSync(directory)
    .filter((file) => file.startsWith(name))
    .sort()
    .map((file) => join(directory, file));
}
