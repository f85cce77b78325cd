import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program of Node.js in a folder: `args` are its words, `input()` is what it gets on stdin. @returns its path */
export function fakeProgram(folder: string, name: string, body: string): string {
  const path = join(folder, name);
  const head = `#!${process.execPath}
const { createPrivateKey, createPublicKey, createHash, sign } = require('node:crypto');
const { readFileSync, writeFileSync, appendFileSync } = require('node:fs');
const args = process.argv.slice(2);
const input = () => readFileSync(0);
`;
  writeFileSync(path, head + body);
  chmodSync(path, 0o755);
  return path;
}
