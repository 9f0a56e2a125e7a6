import { chmodSync, lstatSync } from 'node:fs';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { Failure } from '../../failure.ts';
import { describeFsError, removeQuietly } from '../../lib/fs.ts';
import { type AdsConnection, type AdsSend, createAdsService } from './ads-service.ts';

const CHECK_MS = 2_000;

/**
 * Everybody who reaches the socket's folder may use it. Resolves once Envoys can connect. `makeFolder`: also where something
 * that cleans /run has removed it, which is noticed until it is closed.
 */
export async function openAdsServer(
	path: string,
	makeFolder: () => Promise<void>,
	accept: (send: AdsSend) => AdsConnection,
): Promise<{ readonly close: () => void }> {
	const server = createAdsService((_call, send) => accept(send));
	const bind = async () => {
		await makeFolder();
		// That of a former daemon: Envoys connect again by themselves.
		removeQuietly(path);
		await bound(server, path);
		chmodSync(path, 0o666);
	};
	await bind().catch((cause) => {
		throw cause instanceof Failure ? cause : notListening(path, cause);
	});
	const stopKeeping = keepBound(path, () => {
		server.unbind(`unix://${path}`);
		return bind();
	});
	let isOpen = true;
	return {
		close() {
			if (!isOpen) return;
			isOpen = false;
			stopKeeping();
			server.forceShutdown();
			removeQuietly(path);
		},
	};
}

function keepBound(path: string, bindAgain: () => Promise<void>): () => void {
	let isBinding = false;
	const check = () => {
		if (isBinding || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
		isBinding = true;
		bindAgain()
			// The next check tries again.
			.catch(() => undefined)
			.finally(() => {
				isBinding = false;
			});
	};
	const timer = setInterval(check, CHECK_MS).unref();
	return () => clearInterval(timer);
}

const bound = (server: Server, path: string): Promise<void> =>
	new Promise((resolve, reject) => {
		server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => {
			if (error === null) resolve();
			else reject(error);
		});
	});

const notListening = (path: string, cause: unknown): Failure =>
	new Failure(
		'socket',
		`Cannot listen on ${path}, by which Envoy gets its configuration: ${describeFsError(cause)}`,
		'Set socket (TURNOUT_SOCKET) to a shorter path in a writable folder',
		cause,
	);
