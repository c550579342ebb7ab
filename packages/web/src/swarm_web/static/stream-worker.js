// One connection to the process for all tabs of a browser: a SharedWorker that passes events on to its ports. A tab
// fetches its own snapshot; frames have numbers, so that it leaves out those that its snapshot holds already.
/* global onconnect:writable */
const RETRY_MS = 2000;
const ports = new Set();
let source = null;
let state = { type: "state", open: false };

function tell(message) {
	for (const port of ports) port.postMessage(message);
}

function setState(open) {
	state = { type: "state", open };
	tell(state);
}

function connect() {
	if (source) source.close();
	const here = (source = new EventSource("../../api/v1/stream"));
	here.onopen = () => setState(true);
	here.onerror = () => {
		setState(false);
		// A refusal (no log-in, a proxy's error page) ends an EventSource for good: try again ourselves.
		if (here.readyState === EventSource.CLOSED && here === source) setTimeout(() => here === source && connect(), RETRY_MS);
	};
	for (const event of ["full", "frame", "auth", "bye"]) {
		here.addEventListener(event, (message) => {
			tell({ type: event, data: message.data });
			if (event === "auth") here.close();
		});
	}
}

onconnect = ({ ports: [port] }) => {
	ports.add(port);
	port.onmessage = ({ data }) => {
		if (data === "close") ports.delete(port);
		if (data === "close" && ports.size === 0 && source) {
			source.close();
			source = null;
		}
		if (data === "open" && (!source || source.readyState === EventSource.CLOSED)) connect();
	};
	port.postMessage(state);
};
