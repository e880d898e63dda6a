"""Whether a call's leaves fit their annotations and one another.

jaxtyping is asked about arrays and beartype about all else, with one set of axis sizes for the call
and one for each record that has axes of its own.
"""

from collections.abc import Iterable
from typing import Any, get_args

from jaxtyping import AnnotationError

from shapecheck_bp.shapes.annotations import is_anything, is_array_hint, is_union
from shapecheck_bp.shapes.kinds import accepts, fits_array, has_dtype, is_of_class
from shapecheck_bp.shapes.leaves import Leaf, walk
from shapecheck_bp.shapes.records import is_record, record_class
from shapecheck_bp.shapes.scopes import Scope

Scopes = dict[str, Scope]
"""The sizes of axes by the path of the record that they are of; of the call's it is empty."""


def first_misfit(
    leaves: Iterable[Leaf], scopes: Scopes | None = None, conf: Any = None
) -> Leaf | None:
    """The first leaf that contradicts its annotation or the leaves before it.

    Args:
        leaves: in the order in which sizes are settled; an axis that is computed from one that is
            not settled yet, such as n+1, is looked at last.
        scopes: sizes that are known already, to which more are added.
        conf: what beartype is to do, if that is not the usual.

    Raises:
        AnnotationError: an axis is computed from one that nothing settles.
    """
    scopes = {} if scopes is None else scopes
    computed = []
    for leaf in leaves:
        try:
            if not _fits(leaf, scopes, conf):
                return leaf
        except AnnotationError:
            computed.append(leaf)
    return next((leaf for leaf in computed if not _fits(leaf, scopes, conf)), None)


def _fits(leaf: Leaf, scopes: Scopes, conf: Any) -> bool:
    _, hint, value, _, _, place = leaf
    scope = scopes.get(place.scope)
    if scope is None:
        scope = scopes[place.scope] = Scope(place.arguments)
    if is_array_hint(hint):
        return _array_fits(leaf, scope)
    if is_union(hint):
        return any(_option_fits(leaf, option, scopes, conf) for option in get_args(hint))
    if is_anything(hint):
        return True
    if is_record(hint):
        return isinstance(value, record_class(hint))
    return bool(scope.within(accepts, value, hint, conf))


def _array_fits(leaf: Leaf, scope: Scope) -> bool:
    """What ``isinstance`` says, without its looking for the sizes and copying them first."""
    value, hint = leaf.value, leaf.hint
    try:
        if not is_of_class(value, hint):
            return False
        if hint._skip_instancecheck or not has_dtype(value.dtype, hint.dtype):
            return bool(scope.within(fits_array, value, hint))
        single, variadic, _, arguments = scope.memos
        return bool(hint._check_shape(value, single, variadic, arguments) == "")
    except (AnnotationError, SyntaxError) as error:
        raise AnnotationError(
            f"{leaf.path}: expected axes that are names, numbers, or computed from other axes of"
            f" the call, as in 'n+1'; got {hint.dim_str!r}"
        ) from error
    except Exception:  # an array whose shape or dtype cannot be asked for
        return False


def _option_fits(leaf: Leaf, option: Any, scopes: Scopes, conf: Any) -> bool:
    """Whether one option of a union fits; where it does not, it leaves no sizes behind."""
    tried = {path: scope.copy(leaf.place.arguments) for path, scope in scopes.items()}
    if first_misfit(walk(leaf.path, option, leaf.value, leaf.place), tried, conf) is not None:
        return False
    scopes.update(tried)
    return True


def reason(leaves: Iterable[Leaf], misfit: Leaf) -> str:
    """Why jaxtyping refuses an array's leaf among the others, in its own words."""
    scopes: Scopes = {}
    first_misfit((leaf for leaf in leaves if leaf is not misfit), scopes)
    scope = scopes.get(misfit.place.scope, Scope(misfit.place.arguments))
    return str(scope.within(misfit.hint.__instancecheck_str__, misfit.value))
