// Acts on import: all unit tests in one process, as most of the time of a process for each file is its start.
import { globSync } from 'node:fs';

const files = globSync('**/*.test.ts', { cwd: import.meta.dirname }).sort();
// One module that imports them all: each is loaded before the first test runs, so that no test waits for loading.
const imports = files.map((file) => `import ${JSON.stringify(import.meta.resolve(`./${file}`))};`).join('\n');
await import(`data:text/javascript,${encodeURIComponent(imports)}`);
