// Every text of the dashboard that is seen, and its contrast with its ground.
() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = "#000";
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((k) => top[k] * top[3] + below[k] * (1 - top[3])).concat(1);
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const v = value / 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ancestors = (element) => {
    const found = [];
    for (let e = element; e; e = e.parentElement) found.push(e);
    return found;
  };
  const groundOf = (element) => {
    const layers = [];
    for (const e of ancestors(element)) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
  };
  const poor = new Set();
  let seen = 0;
  const check = (element, text, colour) => {
    const place = element.getBoundingClientRect();
    if (!place.width || !place.height || getComputedStyle(element).visibility === "hidden") return;
    const ground = groundOf(element);
    const own = parse(colour || getComputedStyle(element).color);
    own[3] *= ancestors(element).reduce((product, e) => product * Number(getComputedStyle(e).opacity), 1);
    const [light, dark] = [luminance(over(own, ground)), luminance(ground)].sort((p, q) => q - p);
    const ratio = (light + 0.05) / (dark + 0.05);
    seen += 1;
    if (ratio < 4.5) poor.add(`${ratio.toFixed(2)} ${element.className}: ${text.trim().slice(0, 40)}`);
  };
  for (const root of document.querySelectorAll(".svm-app")) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.data.trim() && !["STYLE", "SCRIPT", "OPTION"].includes(element.tagName)) check(element, node.data);
    }
    for (const element of root.querySelectorAll("input, textarea, select")) {
      if (["checkbox", "radio", "range"].includes(element.type)) continue;
      if (element.value) check(element, element.value);
      else if (element.placeholder) check(element, element.placeholder, getComputedStyle(element, "::placeholder").color);
    }
  }
  return { seen, poor: [...poor] };
}
