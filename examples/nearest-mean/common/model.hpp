// The model: one mean a class, and a row belongs to the class whose mean is nearest.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using Row = std::vector<double>; // one number a feature, in the model's order

struct Model {
    std::vector<std::string> features;
    std::map<std::string, Row> means; // class → mean of its rows

    // The class whose mean has the smallest Euclidean distance; the first by name of equals.
    const std::string &classify(const Row &row) const
    {
        const std::string *nearest = nullptr;
        double smallest = 0;
        for (const auto &[name, mean] : means) {
            double distance = 0; // squared
            for (std::size_t i = 0; i < row.size(); ++i)
                distance += (row[i] - mean[i]) * (row[i] - mean[i]);
            if (nearest == nullptr || distance < smallest) {
                nearest = &name;
                smallest = distance;
            }
        }
        return *nearest;
    }
};

inline void save(const Model &model, const std::string &path)
{
    const nlohmann::json document = {{"features", model.features}, {"means", model.means}};
    std::ofstream file(path);
    file << document.dump(2) << '\n';
    if (!file.flush())
        throw std::runtime_error("cannot write the model to " + path);
}

// Throws std::runtime_error, which names the file and what is wrong with it.
inline Model load(const std::string &path)
{
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error("there is no model at " + path);
    Model model;
    try {
        const auto document = nlohmann::json::parse(file);
        document.at("features").get_to(model.features);
        document.at("means").get_to(model.means);
    } catch (const nlohmann::json::exception &error) {
        throw std::runtime_error(path + " is not a model of this program: " + error.what());
    }
    for (const auto &[name, mean] : model.means)
        if (mean.size() != model.features.size())
            throw std::runtime_error(path + ": the mean of " + name + " has " +
                                     std::to_string(mean.size()) + " numbers, not " +
                                     std::to_string(model.features.size()));
    if (model.means.empty())
        throw std::runtime_error(path + " has no class");
    return model;
}
