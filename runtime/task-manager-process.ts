/** The entry of a TaskManager's process. */
import { runTaskManager } from './adapters/index.ts';

runTaskManager();
