import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiledOnce } from './compile.ts';

/**
 * Compiles the native part of the package netlink with changes of ours, where the package looks for it first. As it is
 * published, any error that the kernel reports on a socket ends the process: a queue of notices that ran over above all.
 */
const root = join(import.meta.dirname, '..');
const home = join(root, 'node_modules/netlink');

/** Of src/binding.cc in version 0.3.0, which the changes are made for. */
const KNOWN_SOURCE = '1fffbbd4ec97cef1d6808d0c38354d0b3980d77a6e1450c1b1c76c140a60346d';

/** What stands there, and what takes its place. */
const changes: readonly (readonly [former: string, wanted: string])[] = [
	// What JavaScript throws in a callback is its uncaught exception: a C++ one must not pass through libuv, which is C.
	[
		`    static void TimerHandler(uv_timer_t* handle) {
        Socket* obj = static_cast<Socket*>(handle->data);
        Napi::HandleScope scope (obj->Env());
        assert(obj->async_res);
        obj->Sendmsg();
        obj->RunCompleted();`,
		`    template <class Act> void Guarded(Act act) {
        Napi::HandleScope scope (Env());
        try {
            if (open) act();
        } catch (const Napi::Error& error) {
            napi_fatal_exception(Env(), error.Value());
        }
    }

    static void TimerHandler(uv_timer_t* handle) {
        Socket* obj = static_cast<Socket*>(handle->data);
        obj->Guarded([obj] { obj->Sendmsg(); });
        obj->Guarded([obj] { obj->RunCompleted(); });`,
	],
	// An error of the socket is fetched, and cleared, by receiving; libuv has stopped watching because of it. A callback
	// may have closed the socket before there is something to send.
	[
		`        Napi::HandleScope scope (obj->Env());
        assert(obj->async_res);

        if (status != 0) {
            auto error = ErrnoException(obj->Env(), -status, NULL, "error when polling socket");
            obj->error_callback.MakeCallback(obj->Value(), { error.Value() }, *obj->async_res);
            obj->DoClose();
            return;
        }

        if (events & UV_READABLE)
            obj->Recvmsg();

        if (events & UV_WRITABLE) {
            obj->Sendmsg();
            obj->RunCompleted();
        }`,
		`        if (status != 0) obj->Guarded([obj] {
            obj->watcher->start(obj->Env(), UV_READABLE | (obj->write_queue.empty() ? 0 : UV_WRITABLE), PollHandler);
        });

        if (status != 0 || (events & UV_READABLE))
            obj->Guarded([obj] { obj->Recvmsg(); });

        if (events & UV_WRITABLE) {
            obj->Guarded([obj] { obj->Sendmsg(); });
            obj->Guarded([obj] { obj->RunCompleted(); });
        }`,
	],
	// A copy is as long as what came, not as the room for it, and lies where the engine looks after it without finalizers.
	[
		`            auto buf = Napi::Buffer<char>::New(env, data.release(), std::min((size_t)size, iov.iov_len), deleteFinalizer);`,
		`            auto buf = Napi::Buffer<char>::Copy(env, data.get(), std::min((size_t)size, iov.iov_len));`,
	],
	[
		`void deleteFinalizer(Napi::Env env, char* obj) {
    delete[] obj;
}
`,
		'',
	],
	// Beyond net.core.rmem_max where we may.
	[
		`        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))`,
		`        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) &&
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))`,
	],
	// The one thing that newer compilers ask libstdc++ for and hosts that Node runs on may not have (GLIBCXX_3.4.29).
	[
		`NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)`,
		`namespace std {
    void __throw_bad_array_new_length() { throw bad_array_new_length(); }
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)`,
	],
];

/**
 * The file, compiled anew where it is not there or is of other changes. `triple`: for another processor than this one, as
 * its compiler's name begins, such as aarch64-linux-gnu.
 */
export function netlinkBinding(triple?: string): string {
	const published = readFileSync(join(home, 'src/binding.cc'), 'utf8');
	if (hashOf(published) !== KNOWN_SOURCE) stop('netlink is not of the version that scripts/netlink.ts changes');
	const source = changes.reduce((text, [former, wanted]) => replaceOnce(text, former, wanted), published);
	// Not there for another processor: the package takes the first file that it finds.
	const folder = triple === undefined ? join(home, 'build/Release') : join(root, '.cache/netlink', triple);
	return compiledOnce(join(folder, 'netlink.node'), {
		compiler: triple === undefined ? 'g++' : `${triple}-g++`,
		source,
		args: [
			...['-std=c++17', '-x', 'c++', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_GYP_MODULE_NAME=netlink'],
			`-I${join(root, 'node_modules/node-addon-api')}`,
		],
	});
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function replaceOnce(text: string, former: string, wanted: string): string {
	if (text.split(former).length !== 2) stop(`its source does not have once\n${former}`);
	return text.replace(former, () => wanted);
}

function stop(why: string): never {
	throw new Error(
		`Cannot compile the native part of the package netlink: ${why}. \`scripts/setup\` installs what is needed`,
	);
}
