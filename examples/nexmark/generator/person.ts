import type { Person } from '../events.ts';
import { FIRST_PERSON_ID, type GeneratorConfig, lastPersonNumber } from './config.ts';
import type { EventRandom } from './event-random.ts';
import { nextExtra, nextWord } from './text.ts';

/** Few states and cities, so that queries find something in small data sets. */
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
];
const FIRST_NAMES = 'Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter'.split(',');
const LAST_NAMES = 'Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris'.split(',');

/** Sellers and bidders may be so many people ahead of the newest, as if events were swapped. */
const PERSON_ID_LEAD = 10;

export function nextPerson(
  config: GeneratorConfig,
  random: EventRandom,
  eventNumber: number,
  dateTime: number,
): Person {
  const name = `${oneOf(random, FIRST_NAMES)} ${oneOf(random, LAST_NAMES)}`;
  const emailAddress = `${nextWord(random, 7)}@${nextWord(random, 5)}.com`;
  const creditCard = `${digits(random)} ${digits(random)} ${digits(random)} ${digits(random)}`;
  const city = oneOf(random, CITIES);
  const state = oneOf(random, STATES);
  const sizeBytes =
    8 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
  return {
    id: lastPersonNumber(eventNumber) + FIRST_PERSON_ID,
    name,
    emailAddress,
    creditCard,
    city,
    state,
    dateTime,
    extra: nextExtra(random, sizeBytes, config.averagePersonSizeBytes),
  };
}

/** 0-based number of a random active person, or one of the few to come. */
export function nextPersonNumber(
  config: GeneratorConfig,
  random: EventRandom,
  eventNumber: number,
): number {
  const personCount = lastPersonNumber(eventNumber) + 1;
  const activeCount = Math.min(personCount, config.activePersonCount);
  return personCount - activeCount + random.nextInt(activeCount + PERSON_ID_LEAD);
}

function oneOf(random: EventRandom, choices: readonly string[]): string {
  return choices[random.nextInt(choices.length)] ?? '';
}

function digits(random: EventRandom): string {
  return String(random.nextInt(10_000)).padStart(4, '0');
}
