export type Attempted<T> = { readonly value: T } | { readonly error: unknown };

/** The value, or what was thrown, where both are to be acted on alike. */
export function attempt<T>(act: () => T): Attempted<T> {
	try {
		return { value: act() };
	} catch (error) {
		return { error };
	}
}
