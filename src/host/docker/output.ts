import { type Duplex, PassThrough } from 'node:stream';
import type { OnOutput } from '../../envoy/runtime.ts';
import { readLines } from '../../lib/read-lines.ts';
import type { DockerContext } from './docker-context.ts';
import type { Engine } from './engine.ts';

/** Reads a container's output from now on, whatever its log driver. */
export async function streamOutput({ engine, closing }: DockerContext, id: string, onOutput: OnOutput): Promise<void> {
	const stream = await engine.attach(id);
	// An open stream keeps this process from ending.
	const destroy = () => void (stream as Duplex).destroy();
	closing.signal.addEventListener('abort', destroy, { once: true });
	stream.once('close', () => closing.signal.removeEventListener('abort', destroy));
	for (const output of demuxed(engine, stream)) void readLines(output, onOutput);
}

function demuxed(engine: Engine, stream: NodeJS.ReadWriteStream): readonly PassThrough[] {
	const outputs = [new PassThrough(), new PassThrough()] as const;
	engine.demux(stream, ...outputs);
	const end = () => {
		for (const output of outputs) output.end();
	};
	stream.on('end', end).on('close', end).on('error', end);
	return outputs;
}
