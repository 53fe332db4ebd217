import type { Logger } from './ports.ts';

/** A logger whose lines all say where they come from; what a line says itself is stronger. */
export function loggerWith(logger: Logger, place: Readonly<Record<string, unknown>>): Logger {
  return {
    log: (level, message, fields) => logger.log(level, message, { ...place, ...fields }),
  };
}
