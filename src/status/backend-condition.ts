import type { Fact } from './conditions.ts';

/** The condition `backend`. `elsewhere`: where the rules of others are; undefined where ours are with them, or where the settings say it. */
export const backendFact = (own: string, elsewhere: string | undefined): Fact =>
	elsewhere === undefined
		? { subject: 'backend', ok: true }
		: {
				subject: 'backend',
				ok: false,
				why: `the rules of other programs are in ${elsewhere} now, ours are in ${own}: the kernel evaluates one after the other, and neither tool shows both`,
				remedy: `Move with \`turnout reload --backend ${elsewhere}\`, or set backend (TURNOUT_BACKEND) to ${own}`,
			};
