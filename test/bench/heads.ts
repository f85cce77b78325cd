import { connect, type Socket } from 'node:net';
import type { WrkOptions, WrkReport } from './wrk.ts';

const END = '\r\n\r\n';

/**
 * HEAD, as `wrk` measures GET, which waits for ever for the body that such an answer announces. One request after the other on
 * each connection; nothing of an answer is read but its status and where it ends.
 */
export async function heads(url: string, { connections, seconds }: WrkOptions): Promise<WrkReport> {
  const times: number[] = [];
  const seen = { refused: 0, errors: 0 };
  const until = performance.now() + seconds * 1_000;
  const begun = performance.now();
  await Promise.all(Array.from({ length: connections }, () => askAgainAndAgain(new URL(url), until, times, seen)));
  const took = (performance.now() - begun) / 1_000;
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0;
  return {
    requestsPerSecond: times.length / took,
    requests: times.length,
    p50: at(0.5),
    p99: at(0.99),
    max: times.at(-1) ?? 0,
    refused: seen.refused,
    socketErrors: seen.errors,
  };
}

function askAgainAndAgain(
  { hostname, port, host, pathname }: URL,
  until: number,
  times: number[],
  seen: { refused: number; errors: number },
): Promise<void> {
  const request = `HEAD ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  return new Promise((resolve) => {
    const socket: Socket = connect(Number(port), hostname);
    let sent = performance.now();
    let answer = '';
    socket.setNoDelay(true).write(request);
    socket.on('data', (piece) => {
      answer += piece.toString('latin1');
      if (!answer.endsWith(END)) return;
      times.push(performance.now() - sent);
      if (!/^HTTP\/1\.1 [23]/.test(answer)) seen.refused++;
      answer = '';
      if (performance.now() >= until) return void socket.destroy();
      sent = performance.now();
      socket.write(request);
    });
    socket.on('error', () => seen.errors++);
    socket.on('close', () => resolve());
  });
}
