import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

export type FieldValue = Uint8Array | number | undefined;

/**
 * A message of protobuf field by field. With its first request and with each report Envoy says all of itself, tens of kilobytes for which
 * descriptors would make a thousand objects. Throws where it is no message; undefined is a value that is neither bytes nor a number.
 */
export function* fieldsOf(bytes: Uint8Array): Generator<readonly [field: number, value: FieldValue]> {
	const reader = new BinaryReader(bytes);
	while (reader.pos < reader.len) {
		const [field, type] = reader.tag();
		yield [field, nextValue(reader, field, type)];
	}
}

function nextValue(reader: BinaryReader, field: number, type: WireType): FieldValue {
	if (type === WireType.LengthDelimited) return reader.bytes();
	if (type === WireType.Varint) return Number(reader.uint64());
	reader.skip(type, field);
	return undefined;
}

/** Of a field that is a message or text. */
export function bytesOf(value: FieldValue): Uint8Array {
	if (value instanceof Uint8Array) return value;
	throw new Error('a field is of another type');
}

const text = new TextDecoder();
export const textOf = (value: FieldValue): string => text.decode(bytesOf(value));

/** One text of a message; '' where it is not there. */
export function textIn(message: FieldValue, wanted: number): string {
	let found = '';
	for (const [field, value] of fieldsOf(bytesOf(message))) if (field === wanted) found = textOf(value);
	return found;
}
