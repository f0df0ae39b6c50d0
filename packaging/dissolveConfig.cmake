# find_package(dissolve) gives the target dissolve::dissolve.
include(${CMAKE_CURRENT_LIST_DIR}/dissolveTargets.cmake)
