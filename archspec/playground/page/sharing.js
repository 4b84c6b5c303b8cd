// A link that holds a text and its settings; files to keep.

/** The part of a link behind the `#`. */
export async function packed(value) {
  const stream = new Blob([JSON.stringify(value)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const isText = (value) => typeof value === "string";
const isShared = (value) => isText(value?.text) && isText(value.variant) && value.set?.constructor === Object && Object.values(value.set).every(isText);
const LARGEST = 1_000_000; // characters of a text that a link holds

/** What a link holds; null where it holds nothing that was packed here. */
export async function unpacked(text) {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    let unpacked = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      unpacked += part;
      if (unpacked.length > LARGEST) return null;
    }
    const value = JSON.parse(unpacked);
    return isShared(value) ? value : null;
  } catch {
    return null;
  }
}

/** Offers a file to keep. */
export function save(name, data, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** An SVG as a PNG, at twice its size. */
export async function png(svg) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}
