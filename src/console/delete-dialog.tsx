import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ShownResource } from '../mesh/console-protocol.ts';
import type { Use } from '../mesh/needed.ts';
import { messageOf, useShared } from './context.ts';
import { kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey } from './location.ts';
import { Problem } from './parts.tsx';
import { UseList } from './use-list.tsx';

interface DeleteDialogProps {
	readonly resource: ShownResource;
	/** While there are any it is not deleted. */
	readonly uses: readonly Use[];
	readonly onClose: () => void;
}

export function DeleteDialog({ resource, uses, onClose }: DeleteDialogProps) {
	const dialog = useRef<HTMLDialogElement>(null);
	useLayoutEffect(() => dialog.current?.showModal(), []);
	const close = () => dialog.current?.close();
	const { problem, remove } = useRemoval(resource, close);
	const { one } = kindWords[resource.kind];
	return (
		<dialog ref={dialog} onClose={onClose} aria-labelledby="delete-title">
			<h2 id="delete-title">
				Delete {one} <bdi>{resource.name}</bdi>?
			</h2>
			{uses.length === 0 ? (
				<p>Hosts follow at once. It cannot be taken back; its history stays.</p>
			) : (
				<>
					<p>It is in use by</p>
					<UseList mesh={resource.mesh} uses={uses} />
					<p>Delete or change these first.</p>
				</>
			)}
			{problem === undefined ? null : <Problem text={problem} />}
			<p class="buttons">
				<button type="button" onClick={close}>
					{uses.length === 0 ? 'Keep it' : 'Close'}
				</button>
				{uses.length === 0 ? (
					<button type="button" class="danger" onClick={remove}>
						Delete
					</button>
				) : null}
			</p>
		</dialog>
	);
}

function useRemoval(resource: ShownResource, close: () => void) {
	const { server, say, reload } = useShared();
	const [problem, setProblem] = useState<string>();
	const remove = async (): Promise<void> => {
		setProblem(undefined);
		try {
			await server.change({ verb: 'delete', key: resource, ifRevision: resource.revision });
			say(`${kindWords[resource.kind].one} ${resource.name} is deleted`);
			close();
			location.hash = placeAfter(resource);
			await reload();
		} catch (error) {
			setProblem(messageOf(error));
		}
	};
	return { problem, remove };
}

/** The list that it was in. */
function placeAfter({ kind, mesh, parent }: ShownResource): string {
	if (kind === 'mesh') return hrefOf({ view: 'meshes' });
	if (kind === 'route') return hrefOfKey({ kind: 'virtualRouter', mesh, parent: '', name: parent });
	if (kind === 'gatewayRoute') return hrefOfKey({ kind: 'virtualGateway', mesh, parent: '', name: parent });
	return hrefOf({ view: 'list', mesh, kind });
}
