/** The wire type of strings, bytes and messages (protobuf's encoding: LEN). */
const LEN = 2;

/**
 * A field with its number and length. The parts of a message may follow one another in any order (protobuf's encoding): what
 * is encoded is not encoded again.
 */
export function asField(number: number, bytes: Uint8Array): Uint8Array[] {
	const head = [(number << 3) | LEN];
	let left = bytes.length;
	for (; left > 0x7f; left >>>= 7) head.push((left & 0x7f) | 0x80);
	return [Uint8Array.from([...head, left]), bytes];
}
