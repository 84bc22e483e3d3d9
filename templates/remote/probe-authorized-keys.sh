# Prints the uid of user $1; kind|uid|mode of the home, of authorized_keys' folder and of the file
# itself, which is $2 where it is not in the home; then the lines of that file.
uid=$(id -u -- "$1") || exit
home=$(getent passwd -- "$1" | cut -d: -f6)
file=${2:-$home/.ssh/authorized_keys}
echo "$uid"
stat -L -c '%F|%u|%a' -- "$home" || echo 'nothing||'
for path in "${file%/*}" "$file"; do
    stat -c '%F|%u|%a' -- "$path" || echo 'nothing||'
done
# As root a link in somebody's home would be followed to where he may not look.
[ ! -f "$file" ] || [ -L "$file" ] || cat -- "$file"
