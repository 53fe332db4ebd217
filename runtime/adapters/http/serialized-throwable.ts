/**
 * Failures as Flink's Java client reads them: it takes no failure of an operation without the bytes
 * of a serialized `org.apache.flink.util.SerializedThrowable`, and waits for ever on one that has
 * none.
 *
 * I1  What is written holds texts only: the reader builds no other class than this one and its
 *     two superclasses.
 *
 * @see Java Object Serialization Specification, section 6.4
 */

const STREAM_HEADER = [0xac, 0xed, 0x00, 0x05] as const;
const TC_NULL = 0x70;
const TC_CLASSDESC = 0x72;
const TC_OBJECT = 0x73;
const TC_STRING = 0x74;
const TC_ENDBLOCKDATA = 0x78;
const SC_SERIALIZABLE = 0x02;
const SC_WRITE_METHOD = 0x01;
/** Of a text in the stream. */
const MAX_TEXT_BYTES = 0xffff;

const TEXT = 'Ljava/lang/String;';

/** A class, and its fields by name and type; `[` and `L` are the first letters of types. */
interface ClassDescription {
  readonly name: string;
  readonly serialVersionUid: bigint;
  readonly flags: number;
  readonly fields: readonly (readonly [name: string, type: string])[];
}

/** From the class itself to the last of its superclasses. */
const CLASSES: readonly ClassDescription[] = [
  {
    name: 'org.apache.flink.util.SerializedThrowable',
    serialVersionUid: 7284183123441947635n,
    flags: SC_SERIALIZABLE,
    fields: [
      ['fullStringifiedStackTrace', TEXT],
      ['originalErrorClassName', TEXT],
      ['serializedException', '[B'],
    ],
  },
  {
    name: 'java.lang.Exception',
    serialVersionUid: -3387516993124229948n,
    flags: SC_SERIALIZABLE,
    fields: [],
  },
  {
    name: 'java.lang.Throwable',
    serialVersionUid: -3042686055658047285n,
    flags: SC_SERIALIZABLE | SC_WRITE_METHOD,
    fields: [
      ['cause', 'Ljava/lang/Throwable;'],
      ['detailMessage', TEXT],
      ['stackTrace', '[Ljava/lang/StackTraceElement;'],
      ['suppressedExceptions', 'Ljava/util/List;'],
    ],
  },
];

/** What is told of a failure. */
export interface ThrowableText {
  /** What stands for the class of the exception. */
  readonly className: string;
  readonly message: string;
  readonly stackTrace: string;
}

/** The bytes in base64. */
export function serializedThrowable({ className, message, stackTrace }: ThrowableText): string {
  const values: Readonly<Record<string, string>> = {
    fullStringifiedStackTrace: stackTrace,
    originalErrorClassName: className,
    detailMessage: message,
  };
  const parts: Buffer[] = [
    Buffer.from([...STREAM_HEADER, TC_OBJECT]),
    ...CLASSES.map(classBytes),
    // The last has no superclass that is serialized.
    Buffer.from([TC_NULL]),
  ];
  // Values are written from the topmost class down.
  for (const { fields, flags } of CLASSES.toReversed()) {
    for (const [name] of fields) parts.push(valueBytes(values[name]));
    if ((flags & SC_WRITE_METHOD) !== 0) parts.push(Buffer.from([TC_ENDBLOCKDATA]));
  }
  return Buffer.concat(parts).toString('base64');
}

function classBytes({ name, serialVersionUid, flags, fields }: ClassDescription): Buffer {
  const uid = Buffer.alloc(8);
  uid.writeBigInt64BE(serialVersionUid);
  return Buffer.concat([
    Buffer.from([TC_CLASSDESC]),
    textBytes(name),
    uid,
    Buffer.from([flags, fields.length >> 8, fields.length & 0xff]),
    ...fields.map(([field, type]) =>
      Buffer.concat([Buffer.from(type.slice(0, 1)), textBytes(field), valueBytes(type)]),
    ),
    Buffer.from([TC_ENDBLOCKDATA]),
  ]);
}

/** I1. */
function valueBytes(text: string | undefined): Buffer {
  if (text === undefined) return Buffer.from([TC_NULL]);
  return Buffer.concat([Buffer.from([TC_STRING]), textBytes(text)]);
}

/** Java's UTF-8: zero takes two bytes, and surrogates three each; cut where it is too long. */
function textBytes(text: string): Buffer {
  const bytes: number[] = [];
  for (let index = 0; index < text.length && bytes.length <= MAX_TEXT_BYTES - 3; index++) {
    const unit = text.charCodeAt(index);
    if (unit !== 0 && unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), Buffer.from(bytes)]);
}
