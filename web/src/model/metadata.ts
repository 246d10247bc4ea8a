/**
 * The metadata of an ONNX file, which onnxruntime-web does not give: ModelProto's field 14, pairs
 * of key (1) and value (2), in the wire format of Protocol Buffers
 * (https://protobuf.dev/programming-guides/encoding/).
 *
 * Throws RangeError if the bytes are no such message.
 */
export function onnxMetadata(bytes: Uint8Array): Map<string, string> {
  const METADATA_PROPS = 14;
  const metadata = new Map<string, string>();
  for (const [field, content] of fields(bytes)) {
    if (field !== METADATA_PROPS) continue;
    const pair = new Map(fields(content));
    const [key, value] = [pair.get(1), pair.get(2)];
    if (key) metadata.set(text(key), value ? text(value) : "");
  }
  return metadata;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Yield the number and content of each field that has a length; skip the others. */
function* fields(bytes: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length || scale > 2 ** 49) throw new RangeError("not a protocol buffer");
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) skipVarint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new RangeError("cut short");
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else throw new RangeError("not a protocol buffer");
  }

  function skipVarint() {
    while (bytes[at++] >= 128);
  }
}
