/* Has libical check calendar objects against the restrictions of iTIP (RFC 5546).
 *
 * usage: check_restrictions FILE...
 *
 * Prints every error that libical notes in a file, and a last line with their number. */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>

static char *content_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *content = calloc(length + 1, 1);
    if (fread(content, 1, length, file) != (size_t)length) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return content;
}

static void print_errors(const char *path, icalcomponent *component)
{
    for (icalproperty *error = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY); error;
         error = icalcomponent_get_next_property(component, ICAL_XLICERROR_PROPERTY))
        printf("%s: %s\n", path, icalproperty_get_xlicerror(error));
    for (icalcomponent *within = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT); within;
         within = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT))
        print_errors(path, within);
}

int main(int count, char **paths)
{
    int errors = 0;
    for (int index = 1; index < count; index++) {
        char *content = content_of(paths[index]);
        icalcomponent *calendar = icalparser_parse_string(content);
        if (!calendar) {
            printf("%s: libical reads no calendar in it\n", paths[index]);
            errors++;
            continue;
        }
        /* What libical holds against a component it adds to it, as a property. */
        if (!icalrestriction_check(calendar) && icalcomponent_count_errors(calendar) == 0) {
            printf("%s: the restrictions do not hold\n", paths[index]);
            errors++;
        }
        errors += icalcomponent_count_errors(calendar);
        print_errors(paths[index], calendar);
        icalcomponent_free(calendar);
        free(content);
    }
    printf("%d errors in %d files\n", errors, count - 1);
    return errors > 0;
}
