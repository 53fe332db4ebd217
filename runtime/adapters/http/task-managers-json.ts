/** TaskManagers, and what was measured of processes, as Flink's REST interface shows them. Pure. */
import type { Metrics } from './metrics-json.ts';
import type { ProcessStatistics, TaskManagerView } from './process-records.ts';

const MEGABYTE = 1024 * 1024;
/** Flink's value for what is not known of hardware and resources. */
const UNKNOWN = -1;
/** Of a buffer, as in Flink. */
const SEGMENT_BYTES = 32 * 1024;

function segmentsOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / SEGMENT_BYTES);
}

/** Under Flink's names. What V8 has no counterpart of is not there. */
export function processMetrics(statistics: ProcessStatistics | undefined): Metrics {
  if (statistics === undefined) return new Map();
  const { networkTotalBytes, networkUsedBytes } = statistics;
  return new Map<string, number>([
    ['Status.JVM.CPU.Load', statistics.cpuLoad],
    ['Status.JVM.CPU.Time', Math.round(statistics.cpuTimeMs * 1e6)],
    ['Status.JVM.Threads.Count', statistics.threadCount],
    ['Status.JVM.Memory.Heap.Used', statistics.heapUsedBytes],
    ['Status.JVM.Memory.Heap.Committed', statistics.heapCommittedBytes],
    ['Status.JVM.Memory.Heap.Max', statistics.heapMaxBytes],
    ['Status.JVM.Memory.NonHeap.Used', statistics.nonHeapUsedBytes],
    ['Status.JVM.Memory.NonHeap.Committed', statistics.nonHeapCommittedBytes],
    // As a JVM says it: without a limit.
    ['Status.JVM.Memory.NonHeap.Max', -1],
    ['Status.JVM.Memory.Direct.MemoryUsed', statistics.directUsedBytes],
    ['Status.JVM.Memory.Direct.TotalCapacity', statistics.directUsedBytes],
    ['Status.ProcessMemory.Resident', statistics.residentBytes],
    ['Status.Shuffle.Netty.TotalMemory', networkTotalBytes],
    ['Status.Shuffle.Netty.UsedMemory', networkUsedBytes],
    ['Status.Shuffle.Netty.AvailableMemory', networkTotalBytes - networkUsedBytes],
    ['Status.Shuffle.Netty.TotalMemorySegments', segmentsOf(networkTotalBytes)],
    ['Status.Shuffle.Netty.UsedMemorySegments', segmentsOf(networkUsedBytes)],
  ]);
}

/** An element of `GET /taskmanagers`. */
export function taskManagerJson(view: TaskManagerView): object {
  const { taskManagerId, endpoint, slotCount, jobIdsOfSlots } = view;
  const free = Math.max(0, slotCount - jobIdsOfSlots.length);
  return {
    id: taskManagerId,
    path: endpoint,
    // There are none: records pass through memory, or queues.
    ...{ dataPort: 0, jmxPort: 0 },
    timeSinceLastHeartbeat: view.heartbeatAtEpochMs ?? 0,
    slotsNumber: slotCount,
    freeSlots: free,
    totalResource: resourceJson(view, 1),
    freeResource: resourceJson(view, slotCount === 0 ? 0 : free / slotCount),
    hardware: hardwareJson(view),
    memoryConfiguration: memoryJson(view),
    blocked: false,
  };
}

/** `GET /taskmanagers/:taskmanagerid`. */
export function taskManagerDetailsJson(view: TaskManagerView): object {
  const { jobIdsOfSlots, slotCount } = view;
  const share = slotCount === 0 ? 0 : 1 / slotCount;
  return {
    ...taskManagerJson(view),
    metrics: taskManagerMetricsJson(view.statistics),
    allocatedSlots: jobIdsOfSlots.map((jobId) => {
      return { jobId, resource: resourceJson(view, share) };
    }),
  };
}

/** Of the machine, or of what stands for it. */
function hardwareJson({ statistics, given }: TaskManagerView): object {
  return {
    cpuCores: statistics?.cpuCount ?? given?.cpuCount ?? UNKNOWN,
    physicalMemory: statistics?.physicalMemoryBytes ?? given?.memoryBytes ?? UNKNOWN,
    freeMemory: statistics?.freeMemoryBytes ?? UNKNOWN,
    managedMemory: 0,
  };
}

/** A part of a TaskManager. In megabytes, as Flink's. */
function resourceJson({ statistics, given }: TaskManagerView, share: number): object {
  const part = (of: number | undefined, unit: number): number => {
    if (of === undefined) return UNKNOWN;
    return unit === 1 ? of * share : Math.floor((of * share) / unit);
  };
  return {
    cpuCores: part(statistics?.cpuCount ?? given?.cpuCount, 1),
    taskHeapMemory: part(statistics?.heapMaxBytes, MEGABYTE),
    taskOffHeapMemory: 0,
    managedMemory: 0,
    networkMemory: part(statistics?.networkTotalBytes, MEGABYTE),
    extendedResources: {},
  };
}

/** What is set aside; zero: of this kind nothing is. */
function memoryJson({ statistics, given }: TaskManagerView): object {
  const others = {
    ...{ frameworkHeap: 0, frameworkOffHeap: 0, taskOffHeap: 0 },
    ...{ managedMemory: 0, jvmMetaspace: 0, jvmOverhead: 0 },
  };
  if (statistics === undefined) {
    const unknown = { taskHeap: UNKNOWN, networkMemory: UNKNOWN, totalFlinkMemory: UNKNOWN };
    return { ...others, ...unknown, totalProcessMemory: given?.memoryBytes ?? UNKNOWN };
  }
  const { heapMaxBytes: taskHeap, networkTotalBytes: networkMemory } = statistics;
  const total = taskHeap + networkMemory;
  const totals = { totalFlinkMemory: total, totalProcessMemory: total };
  return { ...others, taskHeap, networkMemory, ...totals };
}

/** Zero is Flink's own value for what is not known of these. */
function taskManagerMetricsJson(statistics: ProcessStatistics | undefined): object {
  const { networkTotalBytes = 0, networkUsedBytes = 0 } = statistics ?? {};
  const [total, used] = [segmentsOf(networkTotalBytes), segmentsOf(networkUsedBytes)];
  return {
    heapUsed: statistics?.heapUsedBytes ?? 0,
    heapCommitted: statistics?.heapCommittedBytes ?? 0,
    heapMax: statistics?.heapMaxBytes ?? 0,
    nonHeapUsed: statistics?.nonHeapUsedBytes ?? 0,
    nonHeapCommitted: statistics?.nonHeapCommittedBytes ?? 0,
    nonHeapMax: -1,
    directCount: 0,
    directUsed: statistics?.directUsedBytes ?? 0,
    directMax: statistics?.directUsedBytes ?? 0,
    ...{ mappedCount: 0, mappedUsed: 0, mappedMax: 0 },
    nettyShuffleMemorySegmentsAvailable: total - used,
    nettyShuffleMemorySegmentsUsed: used,
    nettyShuffleMemorySegmentsTotal: total,
    nettyShuffleMemoryAvailable: networkTotalBytes - networkUsedBytes,
    nettyShuffleMemoryUsed: networkUsedBytes,
    nettyShuffleMemoryTotal: networkTotalBytes,
    garbageCollectors: [],
  };
}
