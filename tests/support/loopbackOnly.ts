/** Loaded before every test file: a connection to anything but this machine fails at once, with the address. */
import { Socket } from 'node:net';

// Called with the socket it belongs to, below.
const { connect } = Socket.prototype as { connect: (this: Socket, ...parameters: unknown[]) => Socket };

Socket.prototype.connect = function connectOnLoopback(this: Socket, ...parameters: unknown[]) {
  const host = hostOf(parameters);
  if (host !== null && !isLoopback(host))
    throw new Error(`a test tried to reach ${host}: only loopback is allowed`);
  return connect.apply(this, parameters);
} as typeof Socket.prototype.connect;

/** Null for Unix sockets. */
function hostOf(parameters: readonly unknown[]): string | null {
  // node:net hands itself an array that it has normalised before.
  const [first, second] = Array.isArray(parameters[0]) ? parameters[0] : parameters;
  if (typeof first === 'object' && first !== null) {
    const options = first as { path?: string; host?: string };
    return options.path === undefined || options.path === null ? (options.host ?? 'localhost') : null;
  }
  if (typeof first === 'string' && Number.isNaN(Number(first))) return null;
  return typeof second === 'string' ? second : 'localhost';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\./.test(host);
}
