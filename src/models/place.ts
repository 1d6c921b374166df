/** Where the embedded database lies. */
import { join } from 'node:path';

/** The folder of the embedded database in a data directory; not there before the first daemon has run on it. */
export function embeddedFolder(dataDirectory: string): string {
  return join(dataDirectory, 'database');
}
