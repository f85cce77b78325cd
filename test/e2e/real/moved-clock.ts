import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

/**
 * Sets a running program's wall clock ahead. Go programs ask the kernel's vDSO for the time, not libc, so libfaketime
 * cannot reach them: the code of `__vdso_clock_gettime` in the program's own memory is replaced by one that asks the
 * kernel and adds. The monotonic clock, and with it every timer, stays right; the machine's clock is not touched.
 */
export function setClockAhead(pid: number, seconds: number): void {
  if (process.arch !== 'x64') throw new Error('the code is for x64');
  const [start, end] = vdsoOf(pid);
  const memory = openSync(`/proc/${pid}/mem`, 'r+');
  try {
    const image = Buffer.alloc(end - start);
    readSync(memory, image, 0, image.length, start);
    writeSync(memory, clockAhead(seconds), 0, undefined, start + symbolIn(image, '__vdso_clock_gettime'));
  } finally {
    closeSync(memory);
  }
}

function vdsoOf(pid: number): [number, number] {
  const line = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .find((mapping) => mapping.endsWith('[vdso]'));
  const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line ?? '') ?? [];
  return [Number.parseInt(start, 16), Number.parseInt(end, 16)];
}

/** clock_gettime(edi, rsi): by syscall, and for CLOCK_REALTIME so many seconds more. */
function clockAhead(seconds: number): Buffer {
  const immediate = Buffer.alloc(8);
  immediate.writeBigInt64LE(BigInt(seconds));
  const askKernel = [0xb8, 228, 0, 0, 0, 0x0f, 0x05]; // mov eax, 228; syscall
  const onlyRealtime = [0x85, 0xff, 0x75, 13]; // test edi, edi; jne to the end
  const add = [0x49, 0xba, ...immediate, 0x4c, 0x01, 0x16]; // mov r10, seconds; add [rsi], r10
  return Buffer.from([...askKernel, ...onlyRealtime, ...add, 0xc3]);
}

const DYNSYM = 11;
const SYMBOL_BYTES = 24;

/** Offset of a dynamic symbol in an ELF image (64 bit, little endian). */
function symbolIn(image: Buffer, name: string): number {
  const section = (index: number): number => Number(image.readBigUInt64LE(0x28)) + index * image.readUInt16LE(0x3a);
  const fileOffset = (header: number): number => Number(image.readBigUInt64LE(header + 0x18));
  for (let i = 0; i < image.readUInt16LE(0x3c); i++) {
    const header = section(i);
    if (image.readUInt32LE(header + 4) !== DYNSYM) continue;
    const strings = fileOffset(section(image.readUInt32LE(header + 0x28)));
    const begin = fileOffset(header);
    for (let at = begin; at < begin + Number(image.readBigUInt64LE(header + 0x20)); at += SYMBOL_BYTES) {
      const text = strings + image.readUInt32LE(at);
      if (image.toString('latin1', text, image.indexOf(0, text)) === name) return Number(image.readBigUInt64LE(at + 8));
    }
  }
  throw new Error(`no ${name} in the vDSO`);
}
