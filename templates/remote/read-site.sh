# Prints the site's file $2 as it lies below $1: in fleet/, or where it used to lie. Nothing where
# there is none.
for file in "$1/fleet/$2" "$1/$2"; do
    if [ -f "$file" ]; then exec cat -- "$file"; fi
done
