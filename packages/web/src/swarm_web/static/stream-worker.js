// One connection to the process for all tabs of a browser: as a SharedWorker this module passes events on to its ports;
// where there is none, each tab has a connection. A tab leaves out the frames that its own snapshot holds already.
const RETRY_MS = 2000;
const at = (/** @type {string} */ path) => new URL(`../../api/v1/${path}`, import.meta.url);

/** Returns how to open the connection, which may be open, and how to close it. @type {Fn.stream} */
export function stream(tell) {
	/** @type {EventSource | null} */
	let source = null;
	const close = () => {
		source?.close();
		source = null;
	};
	const open = () => {
		if (source) return;
		const here = (source = new EventSource(at("stream")));
		here.onopen = () => tell({ type: "state", open: true });
		here.onerror = async () => {
			tell({ type: "state", open: false });
			// A refusal (no log-in, a proxy's error page) ends an EventSource for good: ask who we are, or try again.
			if (here.readyState !== EventSource.CLOSED) return;
			const who = await fetch(at("session")).then((answer) => answer.json()).catch(() => null);
			if (here !== source) return;
			if (who?.role === null) {
				close();
				tell({ type: "auth" });
			} else setTimeout(() => here === source && (close(), open()), RETRY_MS);
		};
		for (const type of ["full", "frame", "auth", "bye"])
			here.addEventListener(type, ({ data }) => {
				if (type === "auth") close();
				tell({ type, data });
			});
	};
	return { open, close };
}

const shared = /** @type {any} */ (globalThis);
if ("onconnect" in shared) {
	const ports = new Set();
	let state = { type: "state", open: false };
	const { open, close } = stream((message) => {
		if (message.type === "state") state = message;
		for (const port of ports) port.postMessage(message);
	});
	shared.onconnect = (/** @type {MessageEvent} */ { ports: [port] }) => {
		ports.add(port);
		port.onmessage = ({ data }) => {
			if (data === "open") return open();
			ports.delete(port);
			if (!ports.size) close();
		};
		port.postMessage(state);
	};
}
