/** `npm run hostile`: also on a Node that cannot strip types. */
import { register } from 'node:module';

register('../contract/load-typescript.js', import.meta.url);
const { run } = await import('./score.ts');
process.exitCode = await run(process.argv.slice(2), (text) => process.stdout.write(text));
