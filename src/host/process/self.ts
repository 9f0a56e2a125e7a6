/** The program and arguments that start this executable once more. */
export const ownProgram = (): readonly string[] => [process.execPath, process.argv[1] ?? ''];
