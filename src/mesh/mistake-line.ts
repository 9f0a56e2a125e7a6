import type { Mistake } from './resource.ts';

/** Where it is, what is wrong, and what to do: the same in `turnout mesh check`, status, events and log. */
export const mistakeLine = ({ file, line, path, why, hint }: Mistake): string =>
	`${file}:${line}: ${path === '' ? '' : `${short(path)}: `}${why}${hint === '' ? '' : `; ${hint}`}`;

/** Far more than the API's own names make; a key may be a megabyte. */
const LONGEST_PATH = 400;

const short = (path: string): string => (path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path);
