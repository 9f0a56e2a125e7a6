// Acts on import: all unit tests in one process, as most of the time of a process for each file is its start.
import { globSync } from 'node:fs';

for (const file of globSync('**/*.test.ts', { cwd: import.meta.dirname }).sort()) await import(`./${file}`);
