// tier: full
/** docs/tutorials/chat-server.md, as it is printed; the clients of OpenAI and Ollama are those of the tests. */
import { tutorialTests } from '../../lib/tutorial.mjs';

const { NODE_OPTIONS = '', WEBINFER_NODE_MODULES = '' } = process.env;
tutorialTests('chat-server', { addresses: ['192.168.1.10'], env: { NODE_OPTIONS, WEBINFER_NODE_MODULES } });
