import { connect, type Socket } from 'node:net';

/** Clients that hold a connection and do next to nothing with it. */
export class SlowClients {
  private readonly sockets: Socket[] = [];
  private readonly port: number;
  private endedOnes = 0;

  /** @param port of the gate, on loopback */
  constructor(port: number) {
    this.port = port;
  }

  /** How many connections the gate has ended. */
  get ended(): number {
    return this.endedOnes;
  }

  /** Connections on which only this was said. */
  async connect(count: number, said: string): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.one(said)));
  }

  /** Clients that ask for this path, read its first bytes, and then nothing any more. */
  async stuck(count: number, path: string): Promise<void> {
    const first = async (): Promise<void> => {
      const socket = await this.one(`GET ${path} HTTP/1.1\r\nhost: gate\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
      socket.pause();
    };
    await Promise.all(Array.from({ length: count }, first));
  }

  leave(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }

  private one(said: string): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.port, host: '127.0.0.1' }, () => {
        socket.off('error', reject).on('error', () => undefined);
        socket.on('close', () => (this.endedOnes += 1));
        if (said === '') resolve(socket);
        else socket.write(said, () => resolve(socket));
      });
      socket.once('error', reject).resume();
      this.sockets.push(socket);
    });
  }
}
