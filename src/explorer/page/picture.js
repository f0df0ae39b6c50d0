/* The image view. */
export function mountPicture(root, page, said) {}
