import type { Mistake } from './resource.ts';

/** Where it is, what is wrong, and what to do: the same in `turnout mesh check`, status, events and log. */
export const mistakeLine = ({ file, line, path, why, hint }: Mistake): string =>
	`${file}:${line}: ${path === '' ? '' : `${path}: `}${why}${hint === '' ? '' : `; ${hint}`}`;
