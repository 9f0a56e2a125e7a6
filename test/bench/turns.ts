/** How many connections one after the other, before it is somebody else's turn. */
const TURN = 100;
/** The first ones find neither routes nor neighbours in the kernel's caches. */
const WARM_UP = 50;

type Take = (count: number) => Promise<readonly number[]>;

/** The samples of each, taken a few at a time, so that what the machine does meanwhile falls on all of them. */
export async function takeTurns<K extends string>(connections: number, takes: Readonly<Record<K, Take>>) {
	const names = Object.keys(takes) as K[];
	const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
	for (const name of names) await takes[name](WARM_UP);
	for (let left = connections; left > 0; left -= TURN)
		for (const name of names) taken[name].push(...(await takes[name](Math.min(TURN, left))));
	return taken;
}
