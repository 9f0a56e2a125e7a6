/** This executable, with what it takes to run it once more: the first is the file. */
export const ownProgram = (): readonly string[] => [process.execPath, process.argv[1] ?? ''];
